-- KEYS: taken, running, reserved of each scope. ARGV: request, tokens, lease (ms), how long Redis has been back (ms), then of
-- each scope its limits (requests and tokens a minute, running; 0: none) and what was spent without Redis (requests, tokens).
-- Takes from all scopes or from none. Answers: 1 or 0, kind, wait (ms), scope, then of each scope its requests, tokens, running.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local request, tokens, lease, back = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local scopes = {}
for s = 1, #KEYS / 3 do
  local a = 4 + (s - 1) * 5
  local scope = {taken = KEYS[3 * s - 2], running = KEYS[3 * s - 1], reserved = KEYS[3 * s],
    limits = {tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3])}}
  -- What a gateway that died had running ends with its lease; its tokens stay taken.
  for _, gone in ipairs(redis.call('ZRANGEBYSCORE', scope.running, '-inf', now)) do
    redis.call('HDEL', scope.reserved, gone)
  end
  redis.call('ZREMRANGEBYSCORE', scope.running, '-inf', now)
  local was = redis.call('HMGET', scope.taken, 'requests', 'tokens', 'at')
  scope.now = {}
  for d = 1, 2 do
    local limit = scope.limits[d]
    local amount
    if was[3] then
      amount = (tonumber(was[d]) or 0) - limit * math.max(0, now - tonumber(was[3])) / 60000
    else
      -- A Redis that has lost what it knew begins as if all were taken.
      amount = limit * (1 - back / 60000)
    end
    scope.now[d] = limit == 0 and 0 or math.max(0, amount) + tonumber(ARGV[a + 3 + d])
  end
  scope.now[3] = redis.call('ZCARD', scope.running)
  scope.charge = scope.limits[2] == 0 and tokens or math.min(tokens, scope.limits[2])
  scopes[s] = scope
end
local kinds = {'REQUESTS', 'TOKENS', 'CONCURRENT'}
local kind, wait, which = '-', 0, 0
local known = redis.call('HEXISTS', scopes[1].reserved, request) == 1
if not known then
  for s, scope in ipairs(scopes) do
    local wanted = {1, scope.charge, 1}
    for d = 1, 3 do
      local limit = scope.limits[d]
      local over = scope.now[d] + wanted[d] - limit
      if limit > 0 and over > 0.000001 then
        local needed = d == 3 and 1000 or math.ceil(over * 60000 / limit)
        if needed > wait and (d < 3 or kind == '-') then
          kind, wait, which = kinds[d], needed, s - 1
        end
      end
    end
  end
end
local answer = {kind == '-' and '1' or '0', kind, tostring(wait), tostring(which)}
for _, scope in ipairs(scopes) do
  local n = scope.now
  if kind == '-' and not known then
    n[1], n[2], n[3] = n[1] + 1, n[2] + scope.charge, n[3] + 1
    redis.call('ZADD', scope.running, now + lease, request)
    redis.call('HSET', scope.reserved, request, scope.charge .. ':' .. scope.limits[1] .. ':' .. scope.limits[2])
    redis.call('PEXPIRE', scope.running, 2 * lease)
    redis.call('PEXPIRE', scope.reserved, 2 * lease)
  end
  redis.call('HSET', scope.taken, 'requests', n[1], 'tokens', n[2], 'at', string.format('%.0f', now))
  local drained = 0
  for d = 1, 2 do
    if scope.limits[d] > 0 then
      drained = math.max(drained, n[d] * 60000 / scope.limits[d])
    end
  end
  redis.call('PEXPIRE', scope.taken, math.max(redis.call('PTTL', scope.taken), math.ceil(drained) + 1000))
  for d = 1, 3 do
    answer[#answer + 1] = string.format('%.6f', n[d])
  end
end
return table.concat(answer, ' ')
