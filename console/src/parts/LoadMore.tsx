import { Button, Center } from "@mantine/core";

/** The next page of a list, when there is one. */
export function LoadMore({ more, loading, load }: { more: boolean; loading: boolean; load: () => unknown }) {
  if (!more) return null;
  return (
    <Center>
      <Button variant="default" size="xs" loading={loading} onClick={() => void load()}>
        Load more
      </Button>
    </Center>
  );
}
