-- KEYS: request. ARGV: number, nonce, owner, TTL (ms).
local now = redis.call('HMGET', KEYS[1], 'number', 'nonce', 'owner')
if now[1] then
  if now[1] == ARGV[1] and now[2] == ARGV[2] and now[3] == ARGV[3] then
    return 'ALREADY'
  end
  return 'REFUSED'
end
redis.call('HSET', KEYS[1], 'number', ARGV[1], 'nonce', ARGV[2], 'owner', ARGV[3], 'phase', 'QUEUED')
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 'APPLIED'
