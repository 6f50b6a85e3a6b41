/** Finds what of the image changes how jobs run on it; `facts` prints it. */
export const platform = `cgroups=none
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then cgroups=v2
elif [ -d /sys/fs/cgroup/memory ]; then cgroups=v1; fi
app_armor=false enabled=''
if read -r enabled 2>/dev/null </sys/module/apparmor/parameters/enabled && [ "$enabled" = Y ]; then app_armor=true; fi
sudo=none
case $(sudo --version 2>/dev/null || true) in
  *sudo-rs*) sudo=sudo-rs ;;
  ?*) sudo=sudo ;;
esac
network=other sshd=service
if [ -d /run/systemd/system ]; then
  if compgen -G '/etc/netplan/*.yaml' >/dev/null; then network=netplan
  elif systemctl is-active --quiet systemd-networkd.service; then network=networkd
  elif systemctl is-active --quiet NetworkManager.service; then network=networkmanager
  elif systemctl is-active --quiet networking.service; then network=ifupdown; fi
  if systemctl is-active --quiet ssh.socket sshd.socket; then sshd=socket; fi
fi
tmp_noexec=false
while read -r _ _ _ _ place mount_options _; do
  if [ "$place" = /tmp ]; then
    case ,$mount_options, in *,noexec,*) tmp_noexec=true ;; *) tmp_noexec=false ;; esac
  fi
done </proc/self/mountinfo
`;
