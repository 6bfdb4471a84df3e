-- The health of everything of coder.com and aggregation.coder.com: their conditions mean the same.
local function of(kind)
  if obj.status ~= nil and obj.status.conditions ~= nil then
    for _, condition in ipairs(obj.status.conditions) do
      if condition.type == kind then
        return condition
      end
    end
  end
  return {}
end

local function health(status, message)
  return { status = status, message = message or "" }
end

if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", "it is being deleted")
end

local generation, observed = obj.metadata.generation, nil
if obj.status ~= nil then
  observed = obj.status.observedGeneration
end
if generation ~= nil and observed ~= nil and observed < generation then
  return health("Progressing", "its last change has not been looked at yet")
end

local ready, degraded, stalled, reconciling = of("Ready"), of("Degraded"), of("Stalled"), of("Reconciling")
if stalled.status == "True" then
  return health("Degraded", stalled.message)
end
-- What is tried again and again may need somebody, too: the message says so.
if degraded.status == "True" and (reconciling.status ~= "True" or reconciling.reason == "Retrying") then
  return health("Degraded", degraded.message)
end
if reconciling.status == "True" then
  return health("Progressing", reconciling.message)
end
-- Provisioners that have no work, with autoscale.minReplicas: 0, are as they should be.
if ready.status == "True" or ready.reason == "ScaledToZero" then
  return health("Healthy", ready.message)
end
-- So are workspaces that are stopped, which are neither ready nor to be.
if ready.status == nil and of("Building").status ~= nil then
  return health("Healthy", "it is stopped")
end
return health("Progressing", ready.message or "nothing has looked at it yet")
