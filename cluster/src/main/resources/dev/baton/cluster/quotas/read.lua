-- KEYS: taken, running of a scope. ARGV: requests and tokens a minute. Answers its requests, tokens, running.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local was = redis.call('HMGET', KEYS[1], 'requests', 'tokens', 'at')
local answer = {}
for d = 1, 2 do
  local amount = 0
  if was[3] then
    amount = (tonumber(was[d]) or 0) - tonumber(ARGV[d]) * math.max(0, now - tonumber(was[3])) / 60000
  end
  answer[d] = string.format('%.6f', math.max(0, amount))
end
answer[3] = tostring(redis.call('ZCOUNT', KEYS[2], '(' .. string.format('%.0f', now), '+inf'))
return table.concat(answer, ' ')
