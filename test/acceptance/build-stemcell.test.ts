import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { DavitEvent } from "../../src/events.ts";
import { withWorld } from "../support/acceptance.ts";
import { expectFailure } from "../support/bad-input.ts";
import { users, usersByIds } from "../support/ordinary-user.ts";
import { whyNoImage } from "../support/stemcell-image.ts";

const ordinary = users.slice(-1);
/** Nothing listens on port 9 of this machine. */
const nowhere = "http://127.0.0.1:9/debian";

/** Another machine may lack other programs; what is asked about here is always told. */
const only = (what: RegExp) => (text: string) =>
	text
		.split(/^(?=error: )/m)
		.filter((part) => what.test(part))
		.join("");

describe.each(ordinary)("images that can't be asked for, as $name", (user) => {
	test("each says what there is", () =>
		withWorld(user, async (world) => {
			const wrong = ["build-stemcell", "debain-12", "--arch", "mips", "--mirror", "mirror.example"];
			await expectFailure(world, wrong, "an image of what there isn't", { code: 64 });
			const address = ["build-stemcell", "debian-12", "--mirror", "http://mirror.example/a b"];
			await expectFailure(world, address, "a mirror that is no address", { code: 64 });
			expect(existsSync(join(world.home, "stemcells"))).toBe(false);
			if (whyNoImage !== undefined) return;
			world.write("file", "");
			const inFile = ["build-stemcell", "debian-12", "--output", "file/images"];
			await expectFailure(world, inFile, "an image into what is no folder", { same: only(/part of the path/) });
		}));
});

test("the help names the systems and the options", () =>
	withWorld({ name: "whoever runs the tests", argv: [] }, async (world) => {
		const { code, stdout } = await world.davit(["build-stemcell", "--help"]);
		expect(code).toBe(0);
		await expect(stdout).toMatchFileSnapshot("golden/build-stemcell-help.golden");
	}));

describe.skipIf(whyNoImage !== undefined)(`what a build needs (${whyNoImage ?? "all is there"})`, () => {
	test("Ubuntu on a machine whose apt knows none", () =>
		withWorld({ name: "whoever runs the tests", argv: [] }, (world) =>
			expectFailure(world, ["build-stemcell", "ubuntu-24.04"], "an image without a mirror", { same: only(/mirror/) }),
		));

	test.skipIf(existsSync("/proc/sys/fs/binfmt_misc/qemu-aarch64"))("another processor's programs can't be run", () =>
		withWorld({ name: "whoever runs the tests", argv: [] }, (world) =>
			expectFailure(world, ["build-stemcell", "debian-12", "--arch", "arm64"], "an image for another processor", {
				same: only(/can't run programs/),
			}),
		),
	);

	test.each(usersByIds.slice(0, 1))("$name", (user) =>
		withWorld(user, (world) =>
			expectFailure(world, ["build-stemcell", "debian-12"], "an image without a range of ids", { same: only(/range/) }),
		),
	);

	test.each(users)("a mirror that does not answer, as $name: nothing is left", (user) =>
		withWorld(user, async (world) => {
			const args = ["build-stemcell", "debian-12", "--mirror", nowhere];
			const same = (text: string) => only(/mirror/)(text.replace(/(Could not|Unable to) connect.*/g, "…"));
			await expectFailure(world, args, "a mirror that does not answer", { same });
			expect(readdirSync(join(world.home, "stemcells"))).toEqual([]);
		}),
	);

	test.each(users)("interrupted and killed, as $name: no image, and the next build clears what is left", (user) =>
		withWorld(user, async (world) => {
			const output = join(world.home, "stemcells");
			const start = () => world.start(["build-stemcell", "debian-12", "--plain"], { group: true });
			const installs = (event: DavitEvent) => event.type === "step-progress" && /download|extract/.test(event.text);
			const killed = start();
			await killed.until(installs);
			killed.signal("SIGKILL");
			await killed.ended;
			expect(readdirSync(output)).toEqual([expect.stringMatching(/^building\.debian-12-amd64-plain\.\d+\./)]);

			const interrupted = start();
			await interrupted.until(installs);
			expect(readdirSync(output)).toHaveLength(1);
			interrupted.signal("SIGINT");
			expect((await interrupted.ended).code).toBe(130);
			expect(readdirSync(output)).toEqual([]);
		}),
	);

	test("one image is built by one davit at a time", () =>
		withWorld({ name: "whoever runs the tests", argv: [] }, async (world) => {
			const output = join(world.home, "stemcells");
			mkdirSync(join(output, `building.debian-12-amd64.${process.pid}.00000000-0000-4000-8000-000000000000`), {
				recursive: true,
			});
			writeFileSync(join(output, "debian-12-amd64.json"), "{");
			await expectFailure(world, ["build-stemcell", "debian-12"], "an image that is being built", {
				code: 3,
				same: (text) => text.replace(/process \d+/, "process N"),
			});
		}));
});
