import { test } from "vitest";
import { openLibvirtCloud } from "../support/libvirt-cloud.ts";
import { libvirtdMissing } from "../support/libvirtd.ts";
import { cpiContract } from "./cpi-contract.ts";

const missing = libvirtdMissing();

if (missing === undefined) cpiContract("libvirt", openLibvirtCloud);
else test("CPI: libvirt", ({ skip }) => skip(missing));
