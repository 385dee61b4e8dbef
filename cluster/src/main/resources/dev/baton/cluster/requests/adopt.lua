-- KEYS: request. ARGV: the new owner. Whoever owned it, its attempts can no longer be raised, ended or settled by that gateway.
-- Answers the highest number of its attempts, 0 when Redis has none.
local now = redis.call('HMGET', KEYS[1], 'number', 'second.number')
if not now[1] then
  return '0'
end
redis.call('HSET', KEYS[1], 'owner', ARGV[1])
if now[2] and tonumber(now[2]) > tonumber(now[1]) then
  return now[2]
end
return now[1]
