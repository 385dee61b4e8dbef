-- KEYS: blocks of one chain. ARGV: worker|epoch. Entries that name another holder stay.
local removed = 0
for _, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then
    removed = removed + redis.call('DEL', key)
  end
end
return removed
