import { bash } from "../bash.ts";

/** The instance's health for bosh-dns and other programs on the VM, in the agent's words (bosh-agent, jobsupervisor/monit_job_supervisor.go). */
export const health = bash`
HEALTH_FILE=$ROOT/health.json HEALTH=''
if [[ -z \${DAVIT_SUPERVISOR_ROOT-} ]]; then HEALTH_FILE=/var/vcap/instance/health.json; fi

# Stopped before the first table and when everything was stopped; without any process an instance runs.
write_health() {
  local name health=running awake='' starting=''
  for name in "\${CHECKS[@]}"; do
    status_of "$name"
    case $STATUS in
      running) awake=1 ;;
      starting | initializing) awake=1 starting=1 ;;
      'not monitored' | stopping) health=failing ;;
      *) awake=1 health=failing ;;
    esac
  done
  if [[ -n $starting ]]; then health=starting; fi
  if [[ ! -e table || \${#CHECKS[@]} != 0 && -z $awake ]]; then health=stopped; fi
  if [[ $health != "$HEALTH" ]] && replace_file "$HEALTH_FILE" "{\"state\":\"$health\"}"; then HEALTH=$health; fi
}
`;
