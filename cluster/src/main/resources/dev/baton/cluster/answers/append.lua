-- KEYS: answer and log, again and again, all of one tenant. ARGV: for each answer its epoch, where in the log, what.
-- Answers a letter for each: K kept, L lost to a later owner, A absent, or an earlier owner made it anew after Redis had lost it.
-- Writing the same again changes nothing.
local outcomes = ''
for i = 1, #KEYS / 2 do
  local epoch = redis.call('HGET', KEYS[2 * i - 1], 'epoch')
  local at = tonumber(ARGV[3 * i - 1])
  local later = epoch and tonumber(epoch) - tonumber(ARGV[3 * i - 2])
  if epoch and later > 0 then
    outcomes = outcomes .. 'L'
  elseif not epoch or later < 0 or redis.call('STRLEN', KEYS[2 * i]) < at then
    outcomes = outcomes .. 'A'
  else
    redis.call('SETRANGE', KEYS[2 * i], at, ARGV[3 * i])
    outcomes = outcomes .. 'K'
  end
end
return outcomes
