-- KEYS: request. ARGV: number, nonce, owner, TTL (ms).
local now = redis.call('HMGET', KEYS[1], 'number', 'nonce', 'owner', 'phase')
if now[1] then
  if now[3] ~= ARGV[3] then
    return 'NOT_OWNER'
  end
  if now[1] == ARGV[1] and now[2] == ARGV[2] then
    return 'ALREADY'
  end
  if tonumber(now[1]) >= tonumber(ARGV[1]) then
    return 'SUPERSEDED'
  end
  if now[4] == 'DONE' or now[4] == 'FAILED' or now[4] == 'CANCELLED' then
    return 'REFUSED'
  end
  redis.call('DEL', KEYS[1])
end
redis.call('HSET', KEYS[1], 'number', ARGV[1], 'nonce', ARGV[2], 'owner', ARGV[3], 'phase', 'QUEUED')
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 'APPLIED'
