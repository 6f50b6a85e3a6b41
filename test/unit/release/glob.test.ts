import { describe, expect, test } from "vitest";
import { globExpression } from "../../../src/release/glob.ts";

const paths = [
	"a",
	".hidden",
	"a/b.go",
	"a/.env",
	"a/b/c.go",
	"a/b/c/d.go",
	"a/x[1].go",
	"z/한글.txt",
	"golang/go1.2.tgz",
];

describe("globExpression", () => {
	test.each<[pattern: string, matched: readonly string[]]>([
		["*", ["a", ".hidden"]],
		["**/*", paths],
		["**", paths],
		["a/*", ["a/b.go", "a/.env", "a/x[1].go"]],
		["a/**", ["a/b.go", "a/.env", "a/b/c.go", "a/b/c/d.go", "a/x[1].go"]],
		["a/**/*", ["a/b.go", "a/.env", "a/b/c.go", "a/b/c/d.go", "a/x[1].go"]],
		["a/**/*.go", ["a/b.go", "a/b/c.go", "a/b/c/d.go", "a/x[1].go"]],
		["a/**/c/*", ["a/b/c/d.go"]],
		["a/?.go", ["a/b.go"]],
		["a/[a-c].go", ["a/b.go"]],
		["a/[^x]*.go", ["a/b.go"]],
		["a/x\\[1\\].go", ["a/x[1].go"]],
		["z/??.txt", ["z/한글.txt"]],
		["{a,z}/*.{go,txt}", ["a/b.go", "a/x[1].go", "z/한글.txt"]],
		["{a/b,golang}/*", ["a/b/c.go", "golang/go1.2.tgz"]],
		["golang/go*.tgz", ["golang/go1.2.tgz"]],
		["golang/go1.2.tg", []],
		["a/b", []],
	])("%s", (pattern, matched) => {
		expect(paths.filter((path) => globExpression(pattern)?.test(path))).toEqual(matched);
	});

	test.each(["a/{b", "a/[b"])("%s is broken", (pattern) => {
		expect(globExpression(pattern)).toBeUndefined();
	});
});
