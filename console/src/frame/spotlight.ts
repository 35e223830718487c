import { createSpotlight } from "@mantine/spotlight";

/** The window of the search. */
export const [store, spotlight] = createSpotlight();

/**
 * Marks the first result, so that Enter opens it. Mantine does so when the text changes, before the server has
 * answered: what is marked then is gone when the answer comes.
 */
export function markFirst(): void {
  const { listId } = store.getState();
  const actions = document.getElementById(listId)?.querySelectorAll("[data-action]") ?? [];
  for (const action of actions) action.removeAttribute("data-selected");
  actions[0]?.setAttribute("data-selected", "true");
  store.updateState((state) => ({ ...state, selected: 0 }));
}
