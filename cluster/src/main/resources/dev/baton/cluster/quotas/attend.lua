-- KEYS: gateways, overrides, memory. ARGV: this gateway, lease (ms). Answers the name of Redis' memory, how old that is (ms) and
-- how many gateways live, then a line for each override: tenant, what is left of it (ms), requests and tokens a minute, running.
-- The memory has another name after it was emptied, and after a start, which may have read an old snapshot.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local memory = redis.call('GET', KEYS[3])
if not memory or string.match(memory, '^%w+') ~= run then
  memory = run .. ':' .. string.format('%.0f', now)
  redis.call('SET', KEYS[3], memory)
end
local age = math.max(0, now - tonumber(string.match(memory, '%d+$')))
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
redis.call('PEXPIRE', KEYS[1], 2 * tonumber(ARGV[2]))
local lines = {memory .. ' ' .. string.format('%.0f', age) .. ' ' .. redis.call('ZCARD', KEYS[1])}
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
