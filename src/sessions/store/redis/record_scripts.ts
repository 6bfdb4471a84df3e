/**
 * What is kept of a session, and how it is changed.
 *
 * - `r:<id>`: a hash: `j` its JSON, `v` its version, `u` and `e` last use and end, `s` its state, `q` the key of its name while
 *   it is open, `x` the indexes that it is in (one a line), `w` who has written it last.
 * - `e`: ids by their end. `a`, `s:…`, `o:…`, `c:…`, `k:…`, `n:…`, `l:…`: ids of all, by state, owner, owner of open ones,
 *   worker, name, label. `q:…`: id of the open one of a name.
 *
 * Records may go by themselves (`live`), and leave ids behind in indexes; whoever meets such an id takes it out.
 */
import { redisScript } from "./script.ts";

const FORGET = `
local function forget(id)
  redis.call('ZREM', p .. 'e', id)
  redis.call('SREM', p .. 'a', id)
  for _, state in ipairs({'creating', 'ready', 'failed', 'closed', 'expired'}) do
    redis.call('SREM', p .. 's:' .. state, id)
  end
end
`;

const INDEX = `
local function unindexed(id, x, q)
  for suffix in string.gmatch(x, '[^\\n]+') do redis.call('SREM', p .. suffix, id) end
  if q ~= '' and redis.call('GET', p .. q) == id then redis.call('DEL', p .. q) end
end
local function alive(id, x, q, ttl)
  live(p .. 'r:' .. id, ttl)
  live(p .. 'e', ttl)
  for suffix in string.gmatch(x, '[^\\n]+') do live(p .. suffix, ttl) end
  if q ~= '' then live(p .. q, ttl) end
end
local function isTaken(q, id)
  if q == '' then return false end
  local other = redis.call('GET', p .. q)
  return other and other ~= id and redis.call('EXISTS', p .. 'r:' .. other) == 1
end
local function put(id, w, v, q, ttl, j, u, e, s, x)
  redis.call('HSET', p .. 'r:' .. id, 'j', j, 'v', v, 'u', u, 'e', e, 's', s, 'x', x, 'q', q, 'w', w)
  redis.call('ZADD', p .. 'e', e, id)
  for suffix in string.gmatch(x, '[^\\n]+') do redis.call('SADD', p .. suffix, id) end
  if q ~= '' then redis.call('SET', p .. q, id, 'KEEPTTL') end
  alive(id, x, q, ttl)
end
local function fields(id) return redis.call('HMGET', p .. 'r:' .. id, 'j', 'v', 'u', 'e') end
`;

/** Arguments: id, by whom, by whom before, most open (-1: it is not open), owner's open ones; what `put` takes after `v`. */
export const CREATE = redisScript(`${FORGET}${INDEX}
local id, w, mine, most, open = ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6]), p .. ARGV[7]
local q, ttl, j, u, e, s, x = ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12], ARGV[13], ARGV[14]
local by = redis.call('HGET', p .. 'r:' .. id, 'w')
if by and (by == w or by == mine) then
  redis.call('HSET', p .. 'r:' .. id, 'w', w)
  return {'ok', fields(id)}
end
if most >= 0 and redis.call('SCARD', open) >= most then
  for _, other in ipairs(redis.call('SMEMBERS', open)) do
    if redis.call('EXISTS', p .. 'r:' .. other) == 0 then
      redis.call('SREM', open, other)
      forget(other)
    end
  end
  local has = redis.call('SCARD', open)
  if has >= most then return {'limit', has} end
end
if by then return {'known', ''} end
if isTaken(q, id) then return {'named', ''} end
put(id, w, '1', q, ttl, j, u, e, s, x)
return {'ok', fields(id)}
`);

/** Arguments: id, by whom, by whom before, version, the next version; what `put` takes after that. */
export const UPDATE = redisScript(`${INDEX}
local id, w, mine, v, nextV = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local q, ttl, j, u, e, s, x = ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12], ARGV[13], ARGV[14]
local kept = redis.call('HMGET', p .. 'r:' .. id, 'v', 'w', 'x', 'q')
if not kept[1] then return {'other', ''} end
if kept[1] == nextV and (kept[2] == w or kept[2] == mine) then return {'ok', fields(id)} end
if kept[1] ~= v then return {'other', ''} end
if isTaken(q, id) then return {'named', ''} end
unindexed(id, kept[3], kept[4])
put(id, w, nextV, q, ttl, j, u, e, s, x)
return {'ok', fields(id)}
`);

/** Arguments: id, last use, end, for how long it is to be kept. */
export const TOUCH = redisScript(`${INDEX}
local id, u, e, ttl = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local key = p .. 'r:' .. id
local kept = redis.call('HMGET', key, 's', 'u', 'e', 'x', 'q')
if kept[1] ~= 'creating' and kept[1] ~= 'ready' then return 0 end
if tonumber(u) > tonumber(kept[2]) then redis.call('HSET', key, 'u', u) end
if tonumber(e) > tonumber(kept[3]) then
  redis.call('HSET', key, 'e', e)
  redis.call('ZADD', p .. 'e', e, id)
  alive(id, kept[4], kept[5], ttl)
end
return 1
`);

/** Arguments: id; of whom it must be the first writing, or nothing. */
export const DELETE = redisScript(`${FORGET}${INDEX}
local id, by = ARGV[3], ARGV[4]
local kept = redis.call('HMGET', p .. 'r:' .. id, 'x', 'q', 'w', 'v')
if by ~= '' and (kept[3] ~= by or kept[4] ~= '1') then return 0 end
if kept[1] then unindexed(id, kept[1], kept[2]) end
redis.call('DEL', p .. 'r:' .. id)
forget(id)
return 1
`);

/**
 * Arguments: how many at once, and either `get` and keys of a name, or `all`/`any` and indexes: the ids that are in all or any of
 * them. Gives records, or, where there are more, ids.
 */
export const LIST = redisScript(`${FORGET}
local most, how = tonumber(ARGV[3]), ARGV[4]
local sets = {}
for i = 5, #ARGV do sets[#sets + 1] = p .. ARGV[i] end
local ids
if how == 'get' then ids = {redis.call('GET', sets[1]) or nil}
elseif how == 'all' then ids = redis.call('SINTER', unpack(sets))
else ids = redis.call('SUNION', unpack(sets)) end
if #ids > most then return {'ids', ids} end
local found = {}
for _, id in ipairs(ids) do
  local record = redis.call('HMGET', p .. 'r:' .. id, 'j', 'v', 'u', 'e')
  if record[1] then found[#found + 1] = {id, record}
  elseif how == 'get' then redis.call('DEL', sets[1])
  else
    forget(id)
    for _, set in ipairs(sets) do redis.call('SREM', set, id) end
  end
end
return {'records', found}
`);

/** Arguments: ids. */
export const FETCH = redisScript(`
local found = {}
for i = 3, #ARGV do
  local record = redis.call('HMGET', p .. 'r:' .. ARGV[i], 'j', 'v', 'u', 'e')
  if record[1] then found[#found + 1] = {ARGV[i], record} end
end
return found
`);

/** Arguments: before when, how many. Others wait for it: the next call goes on where very many went by themselves. */
export const EXPIRED = redisScript(`${FORGET}
local found, skip, gone, most = {}, 0, 0, tonumber(ARGV[4])
while #found < most and gone < 10000 do
  local ids = redis.call('ZRANGEBYSCORE', p .. 'e', '-inf', '(' .. ARGV[3], 'LIMIT', skip, most)
  if #ids == 0 then break end
  for _, id in ipairs(ids) do
    if redis.call('EXISTS', p .. 'r:' .. id) == 0 then
      forget(id)
      gone = gone + 1
    else
      skip = skip + 1
      if #found < most then found[#found + 1] = id end
    end
  end
end
return found
`);

/** Arguments: states. */
export const COUNT = redisScript(`
local found = {}
for i = 3, #ARGV do found[#found + 1] = redis.call('SCARD', p .. 's:' .. ARGV[i]) end
return found
`);
