-- Sends the bodies of a file in turn: each stands there behind a line with its length.
-- Arguments: the file, then one header after the other, as `Name: value`.

local requests, last = {}, 0

function init(arguments)
   local headers = {}
   for index = 2, #arguments do
      local name, value = arguments[index]:match("^(.-): (.*)$")
      headers[name] = value
   end
   local file = assert(io.open(arguments[1], "rb"))
   for length in function() return file:read("*l") end do
      requests[#requests + 1] = wrk.format("POST", nil, headers, file:read(tonumber(length)))
   end
   file:close()
end

function request()
   last = last % #requests + 1
   return requests[last]
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '\n{"requests": %d, "took_us": %d, "p50_us": %d, "p99_us": %d, "refused": %d, "broken": %d}\n',
      summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
      errors.status, errors.connect + errors.read + errors.write + errors.timeout
   ))
end
