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
  local pipe = io.popen(program .. " data stage check " .. name .. " 2>&1 >/dev/null", "r")
  local said = pipe and pipe:read("*a") or ""
  local ok = not pipe or pipe:close()
  os.remove(name)
  if said ~= "" then
    slurm.log_user("%s", said)
  end
  if ok then
    return slurm.SUCCESS
  end
  return slurm.ERROR
end

function slurm_job_submit(job, partitions, uid)
  return spillway_check(job.script)
end

function slurm_job_modify(job, record, partitions, uid)
  return slurm.SUCCESS
end
