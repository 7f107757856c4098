-- Counts what subjects (keys, teams, models) use on all nodes. The windows are those of policy/limits.py, in
-- microseconds: numbers in Lua are exact up to 2^53.
--
-- ARGV: the operation, the process, and numbers as doubles: the time (0: Redis's own), what the operation takes, then
-- what it takes of each subject. NaN: there is none.
-- KEYS: a hash for each subject. Beside it are three lists, KEY:1 to KEY:3: the steps of its windows that have ended.

local HELD_MS = 172800000 -- what nobody has used for two days is forgotten: spending is read from the ledger again
local WINDOWS = { 60000000, 60000000, 86400000000 }
local STEPS = 126
local PLENTY = 100
local FIELDS = {
  't1', 'a1', 'n1', 't2', 'a2', 'n2', 't3', 'a3', 'n3',
  'streams', 'reserved', 'kind', 'start', 'spent', 'since', 'balance_spent',
}

local operation, process = ARGV[1], ARGV[2]
local numbers = { struct.unpack('<' .. string.rep('d', #ARGV[3] / 8), ARGV[3]) }
local now = numbers[1]
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local place = 1

local function take()
  place = place + 1
  local number = numbers[place]
  if number == number then
    return number
  end
end

local function take_of_each()
  local taken = {}
  for index = 1, #KEYS do
    taken[index] = take()
  end
  return taken
end

-- Windows

local function advance(window)
  local since = now - window.length
  local oldest = redis.call('LINDEX', window.list, 0)
  while oldest do
    local at, amount = string.match(oldest, '(%d+) (%-?%d+)')
    if tonumber(at) > since then
      return
    end
    window.total = window.total - amount
    redis.call('LPOP', window.list)
    oldest = redis.call('LINDEX', window.list, 0)
  end
  if window.at <= since then
    window.newest = 0
  end
  window.total = window.newest
end

-- What is used at that time, or now.
local function add(window, amount, used_at)
  local at = math.max(used_at or now, window.at)
  if window.newest ~= 0 and math.floor(at / window.step) ~= math.floor(window.at / window.step) then
    redis.call('RPUSH', window.list, string.format('%.0f %.0f', window.at, window.newest))
    redis.call('PEXPIRE', window.list, HELD_MS)
    window.newest = 0
  end
  window.at = at
  window.newest = window.newest + amount
  window.total = window.total + amount
end

-- Of what was used then. It was counted in that step or, where a later one had begun already, in that.
local function take_back(window, amount, used_at)
  local step = math.floor(used_at / window.step)
  if used_at <= now - window.length or math.floor(window.at / window.step) < step then
    return
  end
  if math.floor(window.at / window.step) ~= step then
    local steps = redis.call('LRANGE', window.list, 0, -1)
    local first = #steps + 1
    while first > 1 and math.floor(string.match(steps[first - 1], '%d+') / window.step) >= step do
      first = first - 1
    end
    for index = first, #steps do
      local at, held = string.match(steps[index], '(%d+) (%-?%d+)')
      local back = math.min(amount, tonumber(held))
      redis.call('LSET', window.list, index - 1, string.format('%s %.0f', at, held - back))
      window.total = window.total - back
      amount = amount - back
    end
  end
  local back = math.min(amount, window.newest)
  window.newest = window.newest - back
  window.total = window.total - back
end

-- How long until so much fits; 0: now; -1: never.
local function wait(window, amount, limit)
  local excess = window.total + amount - limit
  if excess <= 0 then
    return 0
  end
  if amount > limit then
    return -1
  end
  for _, each in ipairs(redis.call('LRANGE', window.list, 0, -1)) do
    local at, held = string.match(each, '(%d+) (%-?%d+)')
    excess = excess - held
    if excess <= 0 then
      return math.max(1, at + window.length - now)
    end
  end
  return math.max(1, window.at + window.length - now)
end

-- Subjects

local function open(key)
  local names = { unpack(FIELDS) }
  names[17], names[18] = 's:' .. process, 'm:' .. process
  local values = redis.call('HMGET', key, unpack(names))
  local subject = { key = key, windows = {} }
  for index, name in ipairs(names) do
    subject[name] = tonumber(values[index] or 0)
  end
  subject.own_streams, subject.own_reserved = subject[names[17]], subject[names[18]]
  for index, length in ipairs(WINDOWS) do
    local window = {
      list = key .. ':' .. index, length = length, step = math.floor(length / STEPS),
      total = subject['t' .. index], at = subject['a' .. index], newest = subject['n' .. index],
    }
    local before = window.total
    if before ~= 0 then
      advance(window)
    end
    if window.total ~= before then -- what is in its list no more must not be in its total, though nothing else be saved
      local total, newest = string.format('%.0f', window.total), string.format('%.0f', window.newest)
      redis.call('HSET', key, 't' .. index, total, 'n' .. index, newest)
    end
    subject.windows[index] = window
  end
  return subject
end

local function save_own(subject, name, own)
  if own == 0 and subject[name] ~= 0 then
    redis.call('HDEL', subject.key, name)
  elseif own ~= subject[name] then
    redis.call('HSET', subject.key, name, string.format('%.0f', own))
  end
  subject[name] = own
end

local function save(subject)
  local values = {}
  for index, window in ipairs(subject.windows) do
    subject['t' .. index], subject['a' .. index], subject['n' .. index] = window.total, window.at, window.newest
  end
  for _, name in ipairs(FIELDS) do
    values[#values + 1] = name
    values[#values + 1] = string.format('%.0f', subject[name])
  end
  redis.call('HSET', subject.key, unpack(values))
  save_own(subject, 's:' .. process, subject.own_streams)
  save_own(subject, 'm:' .. process, subject.own_reserved)
  redis.call('PEXPIRE', subject.key, HELD_MS)
end

local function lease(subject, streams, reserved)
  streams = math.max(streams, -subject.own_streams)
  reserved = math.max(reserved, -subject.own_reserved)
  subject.own_streams = subject.own_streams + streams
  subject.own_reserved = subject.own_reserved + reserved
  subject.streams = subject.streams + streams
  subject.reserved = subject.reserved + reserved
end

-- When a new period of its budget begins, nothing of it is spent.
local function in_period(subject, kind, start)
  if subject.kind == kind and start > subject.start then
    subject.start, subject.spent = start, 0
  end
end

-- Gives back what processes have left that do not live any more. Whether there was anything.
local function free_dead(subject)
  local found = false
  local fields = redis.call('HGETALL', subject.key)
  for index = 1, #fields, 2 do
    local what, owner = string.match(fields[index], '^([sm]):(.*)$')
    if owner and owner ~= process and redis.call('EXISTS', '{sealink}:process:' .. owner) == 0 then
      local held = tonumber(fields[index + 1])
      if held ~= 0 then
        found = true
        local name = what == 's' and 'streams' or 'reserved'
        subject[name] = subject[name] - held
      end
      redis.call('HDEL', subject.key, fields[index])
    end
  end
  return found
end

local function left_of_funds(subject)
  local left = {}
  if subject.budget then
    left[#left + 1] = subject.budget - subject.spent - subject.reserved
  end
  if subject.credit then
    left[#left + 1] = subject.credit - subject.balance_spent - subject.reserved
  end
  return left
end

-- Operations

local function read_limits(subject, tokens)
  subject.limits = { take(), take(), take() }
  subject.max_streams, subject.tokens = take(), tokens
  subject.limited_kind, subject.limited_start = take(), take()
  subject.budget, subject.limited_since, subject.credit = take(), take(), take()
end

local function is_known(subject)
  if subject.limited_kind == 0 then
    return true
  end
  return subject.kind == subject.limited_kind
    and (not subject.credit or subject.since == subject.limited_since)
end

local function fits(subject, streams, needed)
  local amounts = { 1, subject.tokens, 1 }
  for index, window in ipairs(subject.windows) do
    local limit = subject.limits[index]
    if limit and window.total + amounts[index] > limit then
      return false
    end
  end
  if subject.max_streams and streams > 0 and subject.streams + streams > subject.max_streams then
    return false
  end
  for _, left in ipairs(left_of_funds(subject)) do
    if left < needed or left <= 0 then
      return false
    end
  end
  return true
end

local function all_fit(subjects, streams, needed)
  for _, subject in ipairs(subjects) do
    if not fits(subject, streams, needed) then
      return false
    end
  end
  return true
end

-- Whether so many such requests are little of what is left.
local function are_little(subject, times, streams, money)
  local amounts = { 1, subject.tokens, 1 }
  for index, window in ipairs(subject.windows) do
    local limit = subject.limits[index]
    if limit and times * amounts[index] * PLENTY > limit - window.total then
      return false
    end
  end
  if subject.max_streams and times * streams * PLENTY > subject.max_streams - subject.streams then
    return false
  end
  for _, left in ipairs(left_of_funds(subject)) do
    if times * money * PLENTY > left then
      return false
    end
  end
  return true
end

-- How many such requests are let in at once, of so many: one, unless all of them are little of what is left.
local function times_let_in(subjects, times, streams, money)
  for _, subject in ipairs(subjects) do
    while times > 1 and not are_little(subject, times, streams, money) do
      times = math.floor(times / 2)
    end
  end
  return times
end

-- What is granted of an amount of money.
local function granted(subjects, wanted)
  for _, subject in ipairs(subjects) do
    for _, left in ipairs(left_of_funds(subject)) do
      wanted = math.min(wanted, left)
    end
  end
  return math.max(0, wanted)
end

local function report(answer, subject, with_waits)
  local amounts = { 1, subject.tokens, 1 }
  for index, window in ipairs(subject.windows) do
    local limit = subject.limits[index]
    answer[#answer + 1] = window.total
    answer[#answer + 1] = window.at
    answer[#answer + 1] = with_waits and limit and wait(window, amounts[index], limit) or 0
  end
  for index = 10, #FIELDS do
    answer[#answer + 1] = subject[FIELDS[index]]
  end
end

-- Of what is left of limits, the least: which limit it is, what is used, how long until nothing is. 0: there is none.
local function least_left(subjects, kinds)
  local found = { 0, 0, 0 }
  local least, longest
  for index, subject in ipairs(subjects) do
    for place, kind in ipairs(kinds) do
      local window, limit = subject.windows[kind], subject.limits[kind]
      if limit then
        local left = math.max(0, limit - window.total)
        local reset = window.total ~= 0 and math.max(0, window.at + window.length - now) or 0
        if not least or left < least or (left == least and reset > longest) then
          least, longest = left, reset
          found = { (index - 1) * #kinds + place, window.total, reset }
        end
      end
    end
  end
  return unpack(found)
end

local function least_of_funds(subjects)
  local least
  for _, subject in ipairs(subjects) do
    for _, left in ipairs(left_of_funds(subject)) do
      least = math.min(left, least or left)
    end
  end
  return math.max(0, least or 0)
end

-- What is answered to requests that are let in: 10 numbers of 8 bytes.
local function admitted(subjects, times, at, reserved)
  local limit, used, reset = least_left(subjects, { 1, 3 })
  local tokens_limit, tokens_used, tokens_reset = least_left(subjects, { 2 })
  return struct.pack(
    '<' .. string.rep('i8', 10),
    times, at, reserved, limit, used, reset, tokens_limit, tokens_used, tokens_reset, least_of_funds(subjects)
  )
end

-- A request begins, if it fits; and up to `times` such requests, which may begin for as long as `ahead`, at the end of
-- which they are counted. `is_look`: it is only said whether it would, and nothing is counted.
local function admit(is_look)
  local streams, prompt, whole, may_be_cut, spare = take(), take(), take(), take(), take()
  local times, ahead = take(), take()
  local tokens = take_of_each()
  local subjects, has_funds, known = {}, false, true
  for index, key in ipairs(KEYS) do
    local subject = open(key)
    read_limits(subject, tokens[index])
    in_period(subject, subject.limited_kind, subject.limited_start)
    has_funds = has_funds or subject.limited_kind ~= 0
    known = known and is_known(subject)
    subjects[index] = subject
  end
  local needed = may_be_cut == 1 and prompt or whole
  local is_let_in = known and all_fit(subjects, streams, needed)
  if known and not is_let_in and not is_look then
    local found = false
    for _, subject in ipairs(subjects) do
      if free_dead(subject) then
        save(subject)
        found = true
      end
    end
    is_let_in = found and all_fit(subjects, streams, needed)
  end
  if is_let_in and not is_look then
    local reserved = has_funds and granted(subjects, whole) or 0
    if has_funds and spare <= math.floor((granted(subjects, math.huge) - whole) / PLENTY) then
      reserved = whole + spare
    end
    times = times_let_in(subjects, times, streams, whole + spare)
    local at = times > 1 and now + ahead or now
    for _, subject in ipairs(subjects) do
      local amounts = { 1, subject.tokens, 1 }
      for index, window in ipairs(subject.windows) do
        if subject.limits[index] then
          add(window, times * amounts[index], at)
        end
      end
      lease(subject, times * streams, times * reserved)
      save(subject)
    end
    return admitted(subjects, times, at, reserved)
  end
  local answer = { known and (is_let_in and 1 or 0) or 2, now }
  for _, subject in ipairs(subjects) do
    report(answer, subject, not is_let_in)
  end
  return answer
end

local function reserve_more()
  local wanted = take()
  local subjects = {}
  for index, key in ipairs(KEYS) do
    local subject = open(key)
    take(); take(); take(); take()
    subject.limited_kind, subject.limited_start = take(), take()
    subject.budget, subject.limited_since, subject.credit = take(), take(), take()
    in_period(subject, subject.limited_kind, subject.limited_start)
    subjects[index] = subject
  end
  local more = granted(subjects, wanted)
  if more < wanted then
    for _, subject in ipairs(subjects) do
      free_dead(subject)
    end
    more = granted(subjects, wanted)
  end
  for _, subject in ipairs(subjects) do
    lease(subject, 0, more)
    save(subject)
  end
  return more
end

-- Requests have ended that were let in at the same time. `undone` of them have not begun after all: these count nowhere.
local function settle()
  local undone, price, started, at, streams, reserved, used = take(), take(), take(), take(), take(), take(), take()
  local held_tokens = take_of_each()
  for index, key in ipairs(KEYS) do
    local subject = open(key)
    local counts_tokens, kind, start = take(), take(), take()
    local held = held_tokens[index]
    local requests, tokens, of_day = unpack(subject.windows)
    if undone > 0 then
      take_back(requests, undone, at)
      take_back(of_day, undone, at)
    end
    if counts_tokens == 1 and used < held then
      take_back(tokens, held - used, at)
    elseif counts_tokens == 1 and used > held then
      add(tokens, used - held)
    end
    if price > 0 and kind ~= 0 then
      in_period(subject, kind, start)
      if started >= subject.start then
        subject.spent = subject.spent + price
      end
      if started >= subject.since then
        subject.balance_spent = subject.balance_spent + price
      end
    end
    lease(subject, -streams, -reserved)
    save(subject)
  end
  return 1
end

-- By the ledger so much was used, at least.
local function recorded()
  for _, key in ipairs(KEYS) do
    local subject = open(key)
    for index, window in ipairs(subject.windows) do
      local used = take()
      if used > window.total then
        add(window, used - window.total)
      end
    end
    local kind, start, spent, since, balance_spent = take(), take(), take(), take(), take()
    if kind ~= 0 then
      in_period(subject, kind, start)
      if subject.kind ~= kind then
        subject.kind, subject.start, subject.spent = kind, start, 0
      end
      if start >= subject.start then
        subject.spent = math.max(subject.spent, spent)
      end
      if since then
        if subject.since ~= since then
          subject.since, subject.balance_spent = since, 0
        end
        subject.balance_spent = math.max(subject.balance_spent, balance_spent)
      end
    end
    save(subject)
  end
  return 1
end

-- What this process holds in all, and what of it has not been counted in the windows yet.
local function hold()
  for _, key in ipairs(KEYS) do
    local subject = open(key)
    lease(subject, take() - subject.own_streams, take() - subject.own_reserved)
    for _, window in ipairs(subject.windows) do
      local amount = take()
      if amount > 0 then
        add(window, amount)
      end
    end
    save(subject)
  end
  return now
end

-- This process lives for so many more milliseconds. Whether it was known to live, and whether the data is as it was.
local function live()
  local for_ms = take()
  local alive = redis.call('EXISTS', '{sealink}:process:' .. process)
  redis.call('SET', '{sealink}:process:' .. process, 1, 'PX', for_ms)
  local known = redis.call('SETNX', '{sealink}:epoch', now)
  return { alive, redis.call('GET', '{sealink}:epoch'), known }
end

local function look()
  return admit(true)
end

local OPERATIONS = {
  admit = admit, look = look, reserve_more = reserve_more, settle = settle, recorded = recorded, hold = hold, live = live,
}
return OPERATIONS[operation]()
