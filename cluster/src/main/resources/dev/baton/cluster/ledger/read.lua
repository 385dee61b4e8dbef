-- KEYS: a day. Answers its entries and their sums, a line each.
return table.concat(redis.call('HGETALL', KEYS[1]), '\n')
