-- KEYS: taken, running, reserved of each scope. ARGV: request, tokens it took, 1 when it counts as a request, else 0.
-- A request that was settled before, or whose lease has ended, is left as it is.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local settled = '0'
for s = 1, #KEYS / 3 do
  local taken, running, reserved = KEYS[3 * s - 2], KEYS[3 * s - 1], KEYS[3 * s]
  local entry = redis.call('HGET', reserved, ARGV[1])
  redis.call('ZREM', running, ARGV[1])
  if entry then
    settled = '1'
    redis.call('HDEL', reserved, ARGV[1])
    local charge, requests, tokens = string.match(entry, '([^:]+):([^:]+):([^:]+)')
    local perMinute = {tonumber(requests), tonumber(tokens)}
    local more = {tonumber(ARGV[3]) - 1, tonumber(ARGV[2]) - tonumber(charge)}
    local was = redis.call('HMGET', taken, 'requests', 'tokens', 'at')
    local n, drained = {}, 0
    for d = 1, 2 do
      local amount = 0
      if was[3] then
        amount = (tonumber(was[d]) or 0) - perMinute[d] * math.max(0, now - tonumber(was[3])) / 60000
      end
      if perMinute[d] == 0 then
        -- It had no limit here when it was let in; what others have taken since then stays.
        n[d] = tonumber(was[d]) or 0
      else
        n[d] = math.max(0, math.max(0, amount) + more[d])
        drained = math.max(drained, n[d] * 60000 / perMinute[d])
      end
    end
    if perMinute[1] > 0 or perMinute[2] > 0 then
      redis.call('HSET', taken, 'requests', n[1], 'tokens', n[2], 'at', string.format('%.0f', now))
      redis.call('PEXPIRE', taken, math.max(redis.call('PTTL', taken), math.ceil(drained) + 1000))
    end
  end
end
return settled
