-- KEYS: answer, log. ARGV: epoch that it is thought to have, new owner.
-- Answers ABSENT, ENDED, "TAKEN <epoch>", or "TOOK <time left, ms> <bytes of the request>", a line end, request and log.
local now = redis.call('HMGET', KEYS[1], 'epoch', 'ended', 'ends', 'request')
if not now[1] then
  return 'ABSENT'
elseif now[2] then
  return 'ENDED'
elseif now[1] ~= ARGV[1] then
  return 'TAKEN ' .. now[1]
end
redis.call('HINCRBY', KEYS[1], 'epoch', 1)
redis.call('HSET', KEYS[1], 'owner', ARGV[2])
local time = redis.call('TIME')
local left = string.format('%d', now[3] - (time[1] * 1000 + math.floor(time[2] / 1000)))
return 'TOOK ' .. left .. ' ' .. #now[4] .. '\n' .. now[4] .. (redis.call('GET', KEYS[2]) or '')
