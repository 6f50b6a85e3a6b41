// Runs before the first module loads, on whatever Node there is: old ones can't read the sources, nor the flags of newer ones.
const needed = require("../package.json").engines.node.replace(">=", "");
const [neededMajor, neededMinor] = needed.split(".").map(Number);
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < neededMajor || (major === neededMajor && minor < neededMinor)) {
	process.stderr.write(
		`error: davit needs Node >= ${needed}; ${process.execPath} is Node ${process.versions.node}\n` +
			"  → install Node 24 (https://nodejs.org) and put it before that one on the PATH\n",
	);
	process.exit(1);
}

// `--disable-warning=ExperimentalWarning` would do, but ends an older Node before this file could say why.
const { emitWarning } = process;
process.emitWarning = (warning, ...rest) => {
	const [given] = rest;
	const type = typeof given === "object" ? given.type : given;
	if ((type || warning.name) !== "ExperimentalWarning") emitWarning.call(process, warning, ...rest);
};
