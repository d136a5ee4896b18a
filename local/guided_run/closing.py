"""The end of the guided run: what is up, and what to try next."""

from __future__ import annotations

from local.guided_run.story import Story
from local.place import Place


def show_what_is_up(story: Story, place: Place, *, seconds: float) -> None:
    stack = place.stack()
    progress = f"/users/{story.ben}/certifications/{story.user_certification}/progress"
    api, key = stack["api_loopback_url"], stack["admin_api_key"]
    print(f"""
Done after {seconds:.0f} s. The service stays up; `make down` ends it.

   API            {stack["api_url"]}
                  {api}  (the same, where the name does not resolve)
   Documentation  {api}/docs
   CRM sandbox    {place.crm_url}/
   Admin key      {key}
   All of it      {place.stack_file.relative_to(place.stack_file.parents[1])}

Try next:

   export API={api}
   export KEY={key}
   curl -sw '\\n' $API/status
   curl -sw '\\n' -H "Authorization: Bearer $KEY" "$API/certification-completions?user_id={story.ada}"
   curl -sw '\\n' -H "Authorization: Bearer $KEY" $API{progress}
   curl -sw '\\n' -H "Authorization: Bearer $KEY" "$API/crm/hubspot/sync?state=synced"
""")
