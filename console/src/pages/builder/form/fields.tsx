/** Fields bound to a key of the template. */
import { Stack, Switch, Text, TextInput, type TextInputProps, Title } from "@mantine/core";
import type { ReactNode } from "react";

import { useDraft } from "../draft";
import { errorOf } from "../model/findings";
import { type FlagKey, flagOf, isOdd, setFlag, setText, type TextKey, textOf } from "../model/template";

/** What the server shows in place of a secret, and takes back as that secret. */
export const MASK = "[[SENSITIVE]]";
export const MASK_HINT = `A value is saved. Leave ${MASK} to keep it, or type over it.`;
const ODD = "Holds something this field cannot show: change it in the custom template.";

/** A field for a text. */
export function TextField({ of, description, ...props }: { of: TextKey } & TextInputProps) {
  const { template, findings, edit } = useDraft();
  const odd = isOdd(template, of);
  const value = textOf(template, of) ?? "";
  return (
    <TextInput
      {...props}
      description={odd ? ODD : value === MASK ? MASK_HINT : description}
      value={value}
      disabled={odd}
      error={errorOf(findings, of)}
      onChange={({ currentTarget: { value } }) => edit((template) => setText(template, of, value))}
    />
  );
}

/** A switch for a flag. `shows` turns it round, for flags that say what is left out. */
export function Flag({
  of,
  shows = true,
  label,
  description,
}: {
  of: FlagKey;
  shows?: boolean;
  label: string;
  description?: ReactNode;
}) {
  const { template, edit } = useDraft();
  const odd = isOdd(template, of);
  return (
    <Switch
      label={label}
      description={odd ? ODD : description}
      checked={flagOf(template, of) === shows}
      disabled={odd}
      onChange={({ currentTarget: { checked } }) =>
        edit((template) => setFlag(template, of, checked === shows))
      }
    />
  );
}

/** Fields that belong together, under a heading. */
export function Section({
  title,
  says,
  order = 3,
  children,
}: {
  title: string;
  says?: ReactNode;
  /** How deep its heading stands. */
  order?: 2 | 3 | 4;
  children: ReactNode;
}) {
  return (
    <Stack gap="xs" component="section" aria-label={title}>
      <div>
        <Title order={order} size={order === 4 ? "h6" : "h5"}>
          {title}
        </Title>
        {says && (
          <Text size="xs" c="dimmed">
            {says}
          </Text>
        )}
      </div>
      {children}
    </Stack>
  );
}
