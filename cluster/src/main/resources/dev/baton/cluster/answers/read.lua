-- KEYS: answer, log, mark of readers. ARGV: from where in the log, most bytes of it, "1" for the request too, how long it is
-- known that somebody reads (ms). Answers ABSENT, or "<epoch> <1: whole> <time left, ms> <bytes of the request>", a line end,
-- request and log.
local now = redis.call('HMGET', KEYS[1], 'epoch', 'ended', 'ends')
if not now[1] then
  return 'ABSENT'
end
redis.call('SET', KEYS[3], '', 'PX', ARGV[4])
local time = redis.call('TIME')
local left = string.format('%d', now[3] - (time[1] * 1000 + math.floor(time[2] / 1000)))
local request = ARGV[3] == '1' and redis.call('HGET', KEYS[1], 'request') or ''
local log = redis.call('GETRANGE', KEYS[2], ARGV[1], ARGV[1] + ARGV[2] - 1)
return now[1] .. ' ' .. (now[2] or '0') .. ' ' .. left .. ' ' .. #request .. '\n' .. request .. log
