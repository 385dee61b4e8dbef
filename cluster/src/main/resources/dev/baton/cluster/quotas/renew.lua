-- KEYS: running, reserved of a scope. ARGV: lease (ms), 'anew' or 'known', requests that still run. One that Redis does not
-- know is there again with 'anew' alone: else it has just been settled.
local time = redis.call('TIME')
local ends = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[1])
for i = 3, #ARGV do
  if ARGV[2] == 'anew' then
    redis.call('ZADD', KEYS[1], ends, ARGV[i])
  else
    redis.call('ZADD', KEYS[1], 'XX', ends, ARGV[i])
  end
end
redis.call('PEXPIRE', KEYS[1], 2 * tonumber(ARGV[1]))
redis.call('PEXPIRE', KEYS[2], 2 * tonumber(ARGV[1]))
return tostring(#ARGV - 2)
