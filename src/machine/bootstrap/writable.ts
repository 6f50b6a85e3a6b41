/** A disk with errors is remounted read-only by the kernel, and some images have a read-only root: said before half of the work is done. */
export const writable = `for folder in /etc /var /home; do
  if [ ! -w "$folder" ]; then
    die "$folder can't be written: $(df --output=source,fstype,target "$folder" | tail -n 1 | tr -s ' ') is mounted read-only; look for disk errors in the VM's kernel log, or take another image"
  fi
done
`;
