-- Spillway's burst buffer for slurmctld: BurstBufferType=burst_buffer/lua, this file beside slurm.conf. Every function takes what the
-- version at hand passes (22.05 gives data_in a job and a script, 23.02 adds info, uid and gid, 24.05 requires test_data_in and
-- test_data_out), and only calls the program, which journals what it does and can be called again.
--
-- Data errors: stage-in's keep the job pending with their reason; stage-out's keep it in STAGE_OUT, its data in the bucket, until
-- `spillway data stage out` brings it home. Nothing here ever deletes data.
local program = "/usr/sbin/spillway"

local function quoted(text)
  return "'" .. (tostring(text):gsub("'", "'\\''")) .. "'"
end

-- The program's exit code decides; what it says is Slurm's reason. The shell prints the code, because Lua 5.1's close() does not tell.
local function call(...)
  local words = { program }
  for _, word in ipairs({ ... }) do
    words[#words + 1] = quoted(word)
  end
  local pipe = io.popen(table.concat(words, " ") .. ' 2>&1; echo ":$?"', "r")
  if not pipe then
    return slurm.ERROR, "cannot run " .. program
  end
  local said, code = pipe:read("*a"):match("^(.-)%s*:(%d+)%s*$")
  pipe:close()
  if code == "0" then
    return slurm.SUCCESS
  end
  slurm.log_error("spillway: %s", tostring(said))
  return slurm.ERROR, tostring(said)
end

-- In slurmctld itself: only reads the script, a few milliseconds.
function slurm_bb_job_process(script, ...)
  return call("data", "stage", "check", script)
end

function slurm_bb_pools(...)
  return slurm.SUCCESS, ""
end

function slurm_bb_paths(...)
  return slurm.SUCCESS
end

function slurm_bb_setup(id, uid, gid, pool, size, script, ...)
  return call("data", "stage", "wish", "--job", id, "--script", script)
end

function slurm_bb_data_in(id, script, ...)
  return call("data", "stage", "in", "--job", id, "--script", script)
end

function slurm_bb_test_data_in(...)
  return slurm.SUCCESS, "0"
end

function slurm_bb_real_size(...)
  return slurm.SUCCESS, "0"
end

-- Its poll comes a minute after the nodes are there: no work here. PrologSlurmctld tells of the nodes.
function slurm_bb_pre_run(...)
  return slurm.SUCCESS
end

function slurm_bb_post_run(id, ...)
  return slurm.SUCCESS
end

-- Starts with the node's Epilog, so it waits for the node's commit; ends also when the node is gone, for the daemon says what is LOST.
function slurm_bb_data_out(id, ...)
  return call("data", "stage", "out", "--job", id)
end

function slurm_bb_test_data_out(...)
  return slurm.SUCCESS, "0"
end

function slurm_bb_job_teardown(id, script, hurry, ...)
  call("data", "stage", "teardown", "--job", id)
  return slurm.SUCCESS
end

function slurm_bb_get_status(...)
  local words = { ... }
  local pipe = io.popen(program .. " data status " .. (words[1] and quoted(words[1]) or "") .. " 2>&1", "r")
  if not pipe then
    return slurm.ERROR, "cannot run " .. program
  end
  local said = pipe:read("*a")
  pipe:close()
  return slurm.SUCCESS, said
end
