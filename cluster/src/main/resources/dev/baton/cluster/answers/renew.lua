-- KEYS: leases. ARGV: lease (ms), answers. Answers those whose lease is not this owner's any more, a line each.
local time = redis.call('TIME')
local ends = string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1])
local gone = {}
for i = 2, #ARGV do
  if redis.call('ZSCORE', KEYS[1], ARGV[i]) then
    redis.call('ZADD', KEYS[1], ends, ARGV[i])
    redis.call('PEXPIRE', KEYS[1], 86400000)
  else
    gone[#gone + 1] = ARGV[i]
  end
end
return table.concat(gone, '\n')
