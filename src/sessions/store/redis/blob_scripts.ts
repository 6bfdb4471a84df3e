/**
 * What is kept of blobs, and how it is changed.
 *
 * - `bi:<owner>:<id>`: a hash: `j` what is known of it, `t` the upload that its pieces are of, `n` how many these are.
 * - `bd:<upload>:<number>`: a piece. `bu:<upload>`: a hash of an upload: `o` owner, `z` bytes, `n` pieces.
 * - `bo:<owner>`: ids of an owner. `be`: `<owner>:<id>` by their end. `bw`: uploads by when they were written to last.
 * - `bz`: bytes by `<owner>:<id>`; `bs`: bytes by owner, uploads included; `bt`: bytes of all.
 *
 * Owners are hashes.
 */
import { redisScript } from "./script.ts";

const ROOM = `
local function take(owner, bytes)
  redis.call('HINCRBY', p .. 'bs', owner, bytes)
  redis.call('INCRBY', p .. 'bt', bytes)
end
local function give(owner, bytes)
  local left = redis.call('HINCRBY', p .. 'bs', owner, -bytes)
  if left <= 0 then redis.call('HDEL', p .. 'bs', owner) end
  redis.call('DECRBY', p .. 'bt', bytes)
end
local function dropPieces(upload, count)
  for i = 0, count - 1 do redis.call('UNLINK', p .. 'bd:' .. upload .. ':' .. i) end
end
local function dropUpload(upload)
  local kept = redis.call('HMGET', p .. 'bu:' .. upload, 'o', 'z', 'n')
  redis.call('ZREM', p .. 'bw', upload)
  if not kept[1] then return end
  dropPieces(upload, tonumber(kept[3]))
  give(kept[1], tonumber(kept[2]))
  redis.call('DEL', p .. 'bu:' .. upload)
end
local function drop(owner, id)
  local member = owner .. ':' .. id
  local kept = redis.call('HMGET', p .. 'bi:' .. member, 't', 'n')
  if kept[1] then dropPieces(kept[1], tonumber(kept[2])) end
  redis.call('DEL', p .. 'bi:' .. member)
  local bytes = redis.call('HGET', p .. 'bz', member)
  if bytes then
    redis.call('HDEL', p .. 'bz', member)
    give(owner, tonumber(bytes))
  end
  redis.call('ZREM', p .. 'be', member)
  redis.call('SREM', p .. 'bo:' .. owner, id)
  return bytes
end
`;

/**
 * Arguments: owner, id, upload, number of the piece, bytes before it, most of one, most of an owner, most of all, for how long,
 * the piece. Gives `ok`, `known`, `swept`, or `full` with what the owner has, and all.
 */
export const WRITE_PIECE = redisScript(`${ROOM}
local owner, id, upload, number, before = ARGV[3], ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7])
local ttl, piece = ARGV[11], ARGV[12]
if redis.call('EXISTS', p .. 'bi:' .. owner .. ':' .. id) == 1 then return {'known'} end
local key, up = p .. 'bd:' .. upload .. ':' .. number, p .. 'bu:' .. upload
if redis.call('EXISTS', key) == 1 then return {'ok'} end
if number ~= '0' and redis.call('EXISTS', up) == 0 then return {'swept'} end
local bytes = #piece
local has = tonumber(redis.call('HGET', p .. 'bs', owner) or '0')
local all = tonumber(redis.call('GET', p .. 'bt') or '0')
local mostOwner = tonumber(ARGV[9])
if before + bytes > math.min(tonumber(ARGV[8]), mostOwner) or has + bytes > mostOwner or all + bytes > tonumber(ARGV[10]) then
  return {'full', has, all}
end
take(owner, bytes)
redis.call('SET', key, piece, 'PX', ttl)
redis.call('HSET', up, 'o', owner)
redis.call('HINCRBY', up, 'z', bytes)
redis.call('HINCRBY', up, 'n', 1)
redis.call('ZADD', p .. 'bw', now, upload)
for _, one in ipairs({up, p .. 'bw', p .. 'bs', p .. 'bt'}) do live(one, ttl) end
return {'ok'}
`);

/** Arguments: owner, id, upload, bytes, what is known of it, its end, for how long. Gives `ok`, `known` or `swept`. */
export const COMMIT = redisScript(`${ROOM}
local owner, id, upload, bytes = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local ttl = ARGV[9]
local member = owner .. ':' .. id
local key, up = p .. 'bi:' .. member, p .. 'bu:' .. upload
local by = redis.call('HGET', key, 't')
if by then return by == upload and 'ok' or 'known' end
local kept = redis.call('HMGET', up, 'z', 'n')
if (kept[1] or '0') ~= bytes then return 'swept' end
redis.call('HSET', key, 'j', ARGV[7], 't', upload, 'n', kept[2] or '0')
redis.call('HSET', p .. 'bz', member, bytes)
redis.call('ZADD', p .. 'be', ARGV[8], member)
redis.call('SADD', p .. 'bo:' .. owner, id)
redis.call('DEL', up)
redis.call('ZREM', p .. 'bw', upload)
for _, one in ipairs({key, p .. 'be', p .. 'bz', p .. 'bo:' .. owner}) do live(one, ttl) end
return 'ok'
`);

/** Arguments: owner, id, upload: gives it up, also where it has become the blob and its writer has not heard that. */
export const GIVE_UP = redisScript(`${ROOM}
local owner, id, upload = ARGV[3], ARGV[4], ARGV[5]
if redis.call('HGET', p .. 'bi:' .. owner .. ':' .. id, 't') == upload then drop(owner, id) else dropUpload(upload) end
`);

/** Arguments: owner, id. */
export const DELETE_BLOB = redisScript(`${ROOM}
drop(ARGV[3], ARGV[4])
`);

/** Arguments: owner. Gives what is known of each. */
export const LIST_BLOBS = redisScript(`
local found = {}
for _, id in ipairs(redis.call('SMEMBERS', p .. 'bo:' .. ARGV[3])) do
  local json = redis.call('HGET', p .. 'bi:' .. ARGV[3] .. ':' .. id, 'j')
  if json then found[#found + 1] = json end
end
return found
`);

/** Arguments: before when, age of uploads that are nobody's, how many. Gives how many were over, and how many were nobody's. */
export const SWEEP = redisScript(`${ROOM}
local over = redis.call('ZRANGEBYSCORE', p .. 'be', '-inf', '(' .. ARGV[3], 'LIMIT', 0, ARGV[5])
for _, member in ipairs(over) do
  local owner, id = string.match(member, '^([^:]*):(.*)$')
  drop(owner, id)
end
local left = redis.call('ZRANGEBYSCORE', p .. 'bw', '-inf', now - tonumber(ARGV[4]), 'LIMIT', 0, ARGV[5])
for _, upload in ipairs(left) do dropUpload(upload) end
return {#over, #left}
`);
