-- KEYS: client's key. ARGV: what the names of the tenant's answers begin with. Answers the id of the answer that it stands for, or nothing.
local id = redis.call('GET', KEYS[1])
if id and redis.call('EXISTS', ARGV[1] .. id) == 1 then
  return id
end
return ''
