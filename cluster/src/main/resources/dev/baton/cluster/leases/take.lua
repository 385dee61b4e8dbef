-- KEYS: lease, fence, last holder's id. ARGV: worker|epoch, worker, TTL (ms), "unused" to take it only if it was nobody's.
local holder = redis.call('GET', KEYS[1])
if holder == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return redis.call('GET', KEYS[2])
end
if holder then
  return ''
end
if ARGV[4] == 'unused' and redis.call('EXISTS', KEYS[3]) == 1 then
  return ''
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
redis.call('SET', KEYS[3], ARGV[2])
redis.call('INCR', KEYS[2])
return redis.call('GET', KEYS[2])
