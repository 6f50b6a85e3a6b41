import { guestMissing, openGuest } from "../support/guest.ts";
import { preparedImage, whyNoImage } from "../support/stemcell-image.ts";
import { machineContract } from "./machine-contract.ts";

machineContract("a prepared image's guest", async () => openGuest({ image: await preparedImage() }), {
	missing: guestMissing() ?? whyNoImage,
});
