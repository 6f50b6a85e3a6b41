import { connect } from "node:net";

/** Started by QEMU for each connection that the guest makes: its standard streams are the guest's end. */
const socket = connect(Number(process.argv[2]), "127.0.0.1");
process.stdin.pipe(socket);
socket.pipe(process.stdout);
socket.on("error", () => process.exit(1));
socket.on("close", () => process.exit(0));
