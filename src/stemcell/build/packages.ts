import { z } from "zod";
import { type Problem, problem } from "../../errors.ts";
import { type ImageKind, type OperatingSystem, operatingSystems } from "./operating-system.ts";

const systemNames = operatingSystems.map(({ name }) => name);
const packageName = z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, "that is no package's name");
const entry = z.union([
	packageName,
	z.strictObject({ name: packageName }).and(z.partialRecord(z.enum(["name", ...systemNames]), packageName.nullable())),
]);
const groups = z.array(z.strictObject({ from: z.string(), packages: z.array(entry) }));

const schema = z.strictObject({
	every: groups,
	plain: groups,
	prepared: groups,
	"left-out": z.array(z.strictObject({ packages: z.array(packageName), why: z.string() })),
});

/** `stemcells/packages.yml`: which packages an image has, and where the list is from. */
export type PackagesFile = z.infer<typeof schema>;

/** Reads the data of a packages file; every problem names its key path. */
export function parsePackages(
	value: unknown,
	file: string,
): { readonly packages?: PackagesFile; readonly problems: Problem[] } {
	const parsed = schema.safeParse(value);
	if (parsed.success) return { packages: parsed.data, problems: [] };
	const problems = parsed.error.issues.map((issue) =>
		problem("packages-file", `${issue.path.join("/")}: ${issue.message}`, {
			place: { file, path: `/${issue.path.join("/")}` },
			hint: "the packages.yml that comes with davit shows the form",
		}),
	);
	return { problems };
}

/** The names of an image's packages on that system, sorted, without the kernel. */
export function packagesFor(
	file: PackagesFile,
	{ name: system }: Pick<OperatingSystem, "name">,
	kind: ImageKind,
): string[] {
	const entries = [...file.every, ...file[kind]].flatMap((group) => group.packages);
	const names = entries.flatMap((item): string[] => {
		if (typeof item === "string") return [item];
		const name = system in item ? item[system] : item.name;
		return name === null || name === undefined ? [] : [name];
	});
	return [...new Set(names)].sort();
}
