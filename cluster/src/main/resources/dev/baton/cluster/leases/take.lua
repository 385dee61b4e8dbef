-- KEYS: lease, last holder's id. ARGV: worker|epoch, worker, TTL (ms), "unused" to take it only if it was nobody's.
local holder = redis.call('GET', KEYS[1])
if holder == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return '1'
end
if holder or (ARGV[4] == 'unused' and redis.call('EXISTS', KEYS[2]) == 1) then
  return '0'
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
redis.call('SET', KEYS[2], ARGV[2])
return '1'
