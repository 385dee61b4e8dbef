-- KEYS: request. ARGV: number, nonce, owner, number and nonce of the attempt that it is to live beside.
local now = redis.call('HMGET', KEYS[1], 'number', 'nonce', 'owner', 'phase', 'second.number', 'second.nonce')
if not now[1] then
  return 'ABSENT'
end
if now[3] ~= ARGV[3] then
  return 'NOT_OWNER'
end
if now[5] == ARGV[1] and now[6] == ARGV[2] then
  return 'ALREADY'
end
if now[1] ~= ARGV[4] or now[2] ~= ARGV[5] then
  return 'SUPERSEDED'
end
if now[4] == 'DONE' or now[4] == 'FAILED' or now[4] == 'CANCELLED' then
  return 'REFUSED'
end
redis.call('HDEL', KEYS[1], 'second.PREFILLING', 'second.HANDED_OFF', 'second.DECODING')
redis.call('HSET', KEYS[1], 'second.number', ARGV[1], 'second.nonce', ARGV[2], 'second.phase', 'QUEUED')
return 'APPLIED'
