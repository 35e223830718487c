// @vitest-environment node
import { describe, expect, it } from "vitest";

import { CATEGORIES, found, PRESETS, templateOf } from ".";

function preset(id: string) {
  const preset = PRESETS.find((preset) => preset.id === id);
  if (!preset) throw new Error(`no preset ${id}`);
  return preset;
}

describe("the gallery", () => {
  it("has every preset in a category that is shown, the plain one first", () => {
    expect(PRESETS[0]?.id).toBe("custom");
    expect(PRESETS.filter(({ category }) => !CATEGORIES.includes(category))).toEqual([]);
  });

  it("is searched by the words of title, category and summary", () => {
    expect(found("SLACK", null).map(({ id }) => id)).toEqual(["slack", "slack-alerts"]);
    expect(found("message channel", null).map(({ id }) => id)).toEqual(["discord", "slack"]);
    expect(found("", "Location").map(({ id }) => id)).toEqual(["google-maps"]);
    expect(found("slack", "Cloud")).toEqual([]);
  });
});

describe("a preset's template", () => {
  it("has one's own settings wherever something stands for them, and no other change", () => {
    const twilio = preset("twilio");
    const own = { AC00000000000000000000000000000000: "AC$&", "+15005550009": "" };
    const template = JSON.parse(templateOf(twilio, own)) as Record<string, Record<string, string>>;
    expect(template["url"]).toBe("https://api.twilio.com/2010-04-01/Accounts/AC$&/Messages.json");
    expect(template["auth"]).toEqual({ username: "AC$&", password: "{{{TWILIO_AUTH_TOKEN}}}" });
    expect(template["form"]?.["To"]).toBe("+15005550009");
    expect(JSON.parse(templateOf(twilio, {}))).toEqual(twilio.template);
  });
});
