-- KEYS: request. ARGV: number, nonce, phase to enter, ",PHASE,PHASE," it may be entered from, worker|epoch.
-- Two attempts may be live: the fields of the one beside the first begin with "second.".
local live = redis.call('HMGET', KEYS[1], 'number', 'nonce', 'second.number', 'second.nonce')
if not live[1] then
  return 'ABSENT'
end
local of = ''
if live[3] == ARGV[1] and live[4] == ARGV[2] then
  of = 'second.'
elseif live[1] ~= ARGV[1] or live[2] ~= ARGV[2] then
  return 'SUPERSEDED'
end
local now = redis.call('HMGET', KEYS[1], of .. 'phase', of .. ARGV[3])
if now[2] then
  if now[2] == ARGV[5] then
    return 'ALREADY'
  end
  return 'REFUSED'
end
if not string.find(ARGV[4], ',' .. now[1] .. ',', 1, true) then
  return 'REFUSED'
end
redis.call('HSET', KEYS[1], of .. 'phase', ARGV[3], of .. ARGV[3], ARGV[5])
return 'APPLIED'
