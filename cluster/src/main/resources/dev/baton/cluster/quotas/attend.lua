-- KEYS: gateways, overrides. ARGV: this gateway, lease (ms). Answers whether Redis knew it ('1' or '0') and how many gateways
-- live, then a line for each override: tenant, what is left of it (ms), requests and tokens a minute, running.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local known = redis.call('ZSCORE', KEYS[1], ARGV[1]) and '1' or '0'
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
redis.call('PEXPIRE', KEYS[1], 2 * tonumber(ARGV[2]))
local lines = {known .. ' ' .. redis.call('ZCARD', KEYS[1])}
local overrides = redis.call('HGETALL', KEYS[2])
for i = 1, #overrides, 2 do
  local ends, limits = string.match(overrides[i + 1], '(%d+) (.*)')
  local left = ends and tonumber(ends) - now or 0
  if left > 0 then
    lines[#lines + 1] = overrides[i] .. ' ' .. string.format('%.0f', left) .. ' ' .. limits
  else
    redis.call('HDEL', KEYS[2], overrides[i])
  end
end
return table.concat(lines, '\n')
