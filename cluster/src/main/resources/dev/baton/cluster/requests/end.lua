-- KEYS: request. ARGV: number, nonce, final phase, owner.
-- An earlier attempt is ended too: the later one may never have been written, and nobody is to claim either. One that lives
-- beside it goes.
local now = redis.call('HMGET', KEYS[1], 'number', 'nonce', 'owner', 'phase')
if not now[1] then
  return 'ABSENT'
end
if now[3] ~= ARGV[4] then
  return 'NOT_OWNER'
end
local behind = tonumber(now[1]) < tonumber(ARGV[1])
if not behind and (now[1] ~= ARGV[1] or now[2] ~= ARGV[2]) then
  return 'SUPERSEDED'
end
if now[4] == ARGV[3] then
  return 'ALREADY'
end
if now[4] == 'DONE' or now[4] == 'FAILED' or now[4] == 'CANCELLED' then
  return 'REFUSED'
end
redis.call('HDEL', KEYS[1], 'second.number', 'second.nonce', 'second.phase')
redis.call('HSET', KEYS[1], 'phase', ARGV[3])
return 'APPLIED'
