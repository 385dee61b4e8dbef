-- KEYS: request. ARGV: number, nonce, phase to enter, ",PHASE,PHASE," it may be entered from, worker|epoch.
local now = redis.call('HMGET', KEYS[1], 'number', 'nonce', 'phase', ARGV[3])
if not now[1] then
  return 'ABSENT'
end
if now[1] ~= ARGV[1] or now[2] ~= ARGV[2] then
  return 'SUPERSEDED'
end
if now[4] then
  if now[4] == ARGV[5] then
    return 'ALREADY'
  end
  return 'REFUSED'
end
if not string.find(ARGV[4], ',' .. now[3] .. ',', 1, true) then
  return 'REFUSED'
end
redis.call('HSET', KEYS[1], 'phase', ARGV[3], ARGV[3], ARGV[5])
return 'APPLIED'
