/** Names for the shapes of the API that many files speak of. What they hold is in `schema.d.ts`. */
import type { Schemas } from "./client";

export type Session = Schemas["Session"];
export type Trouble = Schemas["Trouble"];
export type IntegrationOverview = Schemas["IntegrationOverview"];
export type IntegrationStory = Schemas["IntegrationStory"];
export type Overview = Schemas["Overview"];
export type LiveEvent = Schemas["LiveEvent"];
