-- KEYS: lease. ARGV: worker|epoch, TTL (ms). A lease that is gone is not renewed: another may have come and gone.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return '1'
end
return '0'
