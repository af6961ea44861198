-- For sites without burst_buffer/lua: put these lines into job_submit.lua (JobSubmitPlugins=lua). A directive that does not parse is
-- refused at submission, with its line. Whatever else goes wrong here lets the job pass: staging says it later.
local program = "/usr/sbin/spillway"

local function spillway_check(script)
  if not script or not (script:find("\n#SPILLWAY", 1, true) or script:find("\n#BB_LUA", 1, true)) then
    return slurm.SUCCESS
  end
  local name = os.tmpname()
  local file = io.open(name, "w")
  if not file then
    return slurm.SUCCESS
  end
  file:write(script)
  file:close()
  -- The shell prints the exit code, because Lua 5.1's close() does not tell.
  local pipe = io.popen(program .. " data stage check " .. name .. ' 2>&1 >/dev/null; echo ":$?"', "r")
  local said, code
  if pipe then
    said, code = pipe:read("*a"):match("^(.-)%s*:(%d+)%s*$")
    pipe:close()
  end
  os.remove(name)
  if said and said ~= "" then
    slurm.log_user("%s", said)
  end
  if code == "2" then
    return slurm.ERROR
  end
  return slurm.SUCCESS
end

function slurm_job_submit(job, partitions, uid)
  return spillway_check(job.script)
end

function slurm_job_modify(job, record, partitions, uid)
  return slurm.SUCCESS
end
