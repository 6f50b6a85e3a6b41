/** The secret, and the forms in which logs, files and command lines show it. Those may be shorter than the secret. */
export function encodingsOf(secret: string): readonly string[] {
	// A lone surrogate has no encoding: it is written as U+FFFD.
	const text = secret.toWellFormed();
	const bytes = Buffer.from(text, "utf8");
	return [
		...[secret, text, ...linesOf(text)],
		...jsonForms(text),
		...urlForms(text),
		...shellForms(text),
		...base64Forms(bytes),
	];
}

/** A log shows one line at a time. PEM's first and last lines are the same in all keys. */
function linesOf(text: string): readonly string[] {
	const lines = text.split(/\r?\n/);
	return lines.length === 1 ? [] : lines.map((line) => line.trim()).filter((line) => !/^-----.*-----$/.test(line));
}

function jsonForms(text: string): readonly string[] {
	const plain = JSON.stringify(text).slice(1, -1);
	const codePoint = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
	return [
		plain,
		plain.replaceAll("/", "\\/"),
		// Go escapes what HTML would take for markup, Python all that is not ASCII.
		plain.replace(/[<>&\u2028\u2029]/g, codePoint),
		plain.replace(/[^ -~]/g, codePoint),
	];
}

function urlForms(text: string): readonly string[] {
	const percent = (letter: string) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`;
	const component = encodeURIComponent(text);
	const strict = component.replace(/[!'()*]/g, percent);
	const form = new URLSearchParams({ "": text }).toString().slice(1);
	const forms = [component, strict, form, strict.replaceAll("%20", "+"), encodeURI(text)];
	return [...forms, ...forms.map((each) => each.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()))];
}

function shellForms(text: string): readonly string[] {
	return [
		text.replaceAll("'", "'\\''"),
		text.replaceAll("'", "'\"'\"'"),
		text.replace(/["$`\\]/g, "\\$&"),
		text.replace(/[^\w@%+=:,./\-\n\u0080-\uffff]/g, "\\$&"),
	];
}

/** Wherever the secret begins among the bytes that are encoded with it: only letters that hold nothing but its bits. */
function base64Forms(bytes: Buffer): readonly string[] {
	const whole = bytes.toString("base64");
	const wrapped = [64, 76].flatMap((width) =>
		whole.length > width ? (whole.match(new RegExp(`.{1,${width}}`, "g")) ?? []) : [],
	);
	const shifted = [0, 1, 2].map((before) => {
		const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
		return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
	});
	const forms = [whole, whole.replace(/=+$/, ""), ...shifted, ...wrapped];
	return [...forms, ...forms.map((form) => form.replaceAll("+", "-").replaceAll("/", "_"))];
}
