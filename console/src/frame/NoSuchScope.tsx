import { Button } from "@mantine/core";
import { IconMapQuestion } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";

import { Empty } from "../parts/State";

/** An address whose product or organisation is gone, or not for the person who came to it. */
export function NoSuchScope({ slug }: { slug: string }) {
  const what = slug.startsWith("org-") ? "organisation" : "product";
  return (
    <Empty icon={<IconMapQuestion />} title={`There is no such ${what} of yours`}>
      It was deleted, or you are not on its team. Its owner or an administrator can add you.
      <Button
        component={Link}
        to="/me/products"
        variant="light"
        mt="sm"
        display="block"
        w="fit-content"
        mx="auto"
      >
        To my products
      </Button>
    </Empty>
  );
}
