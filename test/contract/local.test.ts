import { openLocalCloud } from "../support/local-cloud.ts";
import { users } from "../support/ordinary-user.ts";
import { cpiContract } from "./cpi-contract.ts";

for (const user of users) cpiContract(`local as ${user.name}`, () => openLocalCloud(user));
