"""The `aiops.yaml` that `aiops init` writes: it watches and pages nobody.

Lines that begin with `## ` explain; lines that begin with `# ` are settings to be uncommented.
"""

SETTINGS = """\
## Settings of aiops. `aiops doctor` checks them and says what to do about each fault.
## Lines with one `#` are settings to uncomment; lines with two explain them.
## Secrets never stand here. They come from the environment, or from a file that <NAME>_FILE names:
##   AIOPS_PAGERDUTY_ROUTING_KEY  AIOPS_SLACK_BOT_TOKEN  AIOPS_SLACK_SIGNING_SECRET  AIOPS_WEB_TOKEN
##   AIOPS_WEBHOOK_SECRET  AIOPS_JIRA_TOKEN (of an account, as ADDRESS:API-TOKEN)
##   AIOPS_EMAIL_PASSWORD
##   AIOPS_PAGERDUTY_WEBHOOK_SECRET (of each subscription, separated by commas)
##   AIOPS_PAGERDUTY_API_TOKEN (read only: who somebody there is, by e-mail)
##   AIOPS_PAGERDUTY_WRITE_TOKEN (may write: notes to incidents of others there; see `write_as`)

## observe: everything but paging. beside: next to an existing pager. in_path: we page.
mode: observe

## Where each file lies, from the folder of this one.
topology: topology.yaml
runbooks: runbooks

## Only environments with `pages: true` can page; one that is not listed is recorded only.
environments:
  prod: {pages: true}
  staging: {pages: false}
## What a signal belongs to that names no environment.
default_env: prod

## Where metrics come from: each signal is one query per step. Its labels say whose it is.
sources:
  prometheus:
    kind: prometheus
    url: http://127.0.0.1:9090
    step_seconds: 60
    ## History that is fetched at the first start, so that seasons are known.
    back_fill_days: 21
    back_fill_step_seconds: 300
    ## Whose clock people live by: seasons follow it, summer time included; by region if needed.
    zone: UTC
#     zones: {EU: Europe/Berlin, US: America/New_York}
    ## The variable with a token, where Prometheus asks for one.
#     bearer_token_env: AIOPS_PROMETHEUS_TOKEN
    ## Which labels carry what; the first that a series has counts.
    labels: {service: [service, service_name, job], env: env, region: region, segment: segment}
    signals:
      - {name: up, query: min by (job) (up), title: availability}
#       - name: error_ratio
#         unit: "1"
#         query: >-
#           sum by (service, region) (rate(http_requests_total{code=~"5.."}[2m]))
#           / sum by (service, region) (rate(http_requests_total[2m]))
#       - name: latency_p95_seconds
#         unit: s
#         query: >-
#           histogram_quantile(0.95, sum by (service, region, le)
#           (rate(http_request_duration_seconds_bucket[2m])))
#       - name: requests_per_second
#         unit: 1/s
#         query: sum by (service, region) (rate(http_requests_total[2m]))
#       - name: revenue
#         query: sum by (region) (increase(revenue_total[1m]))
#         service: checkout

## Warnings and errors of services that log JSON lines: `aiops help source json_logs`.
#   apps:
#     kind: json_logs
#     token_env: AIOPS_LOGS_TOKEN
## Business numbers from files and databases: `aiops help source csv`, `aiops help source sql`.
#   orders:
#     kind: csv
#     path: exports/*.csv
#     time: created_at
#     time_zone: Europe/Berlin              # of local times: never guessed
#     signals: [{name: orders, aggregate: count, service: checkout}]

## Alerts of others: `aiops help source alertmanager`, `… grafana`, `… cloudwatch`, `… events`,
## `… alerts`.
#   alertmanager:
#     kind: alertmanager
#     token_env: AIOPS_ALERTMANAGER_TOKEN   # what its webhook presents; on loopback none will do
#     labels: {service: [service, app, job], severity: severity}
#     values: {env: {production: prod}}     # what a label's value is called here
#   pagers:
#     kind: events                          # whatever sends as to PagerDuty's Events v2
#     token_env: AIOPS_EVENTS_KEYS          # routing keys that may send, separated by commas
  ## Tools that tell what was done: `aiops help source github`, gitlab, argocd, kubernetes, cdevents
  ## and, for flags, launchdarkly, unleash and flagsmith say what is set up there. A pipeline can
  ## say it itself: `aiops change`.
#   github: {kind: github, token_env: AIOPS_GITHUB_SECRET}
## One set of labels whoever sends: `aiops help normalize`.
# normalize:
#   - {rename: {app: service, stage: env}}
#   - {map: {env: {production: prod}}}
#   - {where: {env: "sandbox-*"}, ignore: true}
## Which services what they tell of is about; a service of the same name needs no rule.
# changes:
#   map:
#     - {repository: acme/shop, workflow: deploy.yml, service: checkout}
#     - {flag: "search-*", service: search}

## What users do and what it is worth: an incident on a journey is one that people feel.
# currency: EUR
# regions: [EU, US]
# segments: [retail, business]
# cohorts: [plan]              # labels of KPIs, beside region and segment, that part customers
# holidays: [2026-12-25]
# journeys:
#   - name: checkout
#     entry: gateway
#     steps:
#       - {service: checkout, operation: POST /checkout}
#       - payment-service
#     kpis: [revenue per minute]
#     owner: payments
#     healthy: 99.5% of checkouts succeed within 2 s
#     unhealthy: more than 5% of checkouts fail
#     value_per_success: 42.0
    ## What is promised of it: the share of good events over a window. Its error budget is the rest.
    ## A journey without an availability is assumed to owe 99.9% over 28 days, read from the error
    ## ratio and the requests of its entry and steps; what is assumed calls nobody.
#     slos:
#       - {sli: availability, objective: 99.5, window_days: 28}
    ## Other metrics than those: `errors: <share that fails>`, or `good:` or `bad:` with `total:`.
#       - {sli: availability, service: payment-service, objective: 99.9, errors: error_ratio}
    ## A latency's ticks are good while it keeps its threshold, unless `good:` counts requests.
#       - {sli: latency, objective: 99, latency: latency_p95_seconds, threshold_seconds: 0.5}
# kpis:
#   - name: revenue per minute
#     metric: revenue
#     unit: EUR
#     per: minute
#     journey: checkout
#     bad_direction: down         # one that counts lost data: up, and data_loss: true

## Who answers for what: the names are the owners in the topology.
# teams:
#   payments:
#     title: Payments team
#     members: [ada, grace]
#     rotation_start: 2026-01-05T09:00:00Z
#     rotation_length_days: 7
#     slack_channel: "#payments-incidents"
#     # pagerduty_schedule: PI7DH85 # who is on call, instead of members; needs the API token
#     zone: Europe/Berlin         # whose days the alerts are counted in
#     mode: beside                # of this team alone; `mode: observe` above is for everybody
#     pagerduty_key_env: AIOPS_PAYMENTS_ROUTING_KEY
#   platform:
#     title: Platform team
# default_owner: platform

## Where incidents are told. Pages go to `page_to`, the rest to `ticket_to`.
# sinks:
#   pagerduty:
#     kind: pagerduty
#     events_url: https://events.pagerduty.com/v2/enqueue
#     # changes: true             # deploys, flags and config changes are shown there, too
#     # write_as: aiops@example.com # a user there: what others page gets notes in this name
#   slack:
#     kind: slack
#     api_url: https://slack.com/api/
#     channel: "#incidents"
#     pictures: true                # one in the thread of each incident; needs files:write
#     fallback: status-page
#   status-page:
#     kind: webhook
#     url: https://status.example.com/hooks/aiops
#   tickets:
#     kind: jira
#     url: https://acme.atlassian.net
#     project: OPS
#     issue_type: Task
#   mail:
#     kind: email
#     smtp: smtps://mail.example.com
#     user: aiops@example.com
#     sender: aiops@example.com
#     to: [oncall@example.com]
# page_to: [pagerduty, slack]
# ticket_to: [slack, tickets]

## Whether all of this is alive: an alert of our own goes the whole way every minute, and what comes
## through is told to a monitor elsewhere, which calls people when it hears nothing. `aiops help
## heartbeat`, and for raw alerts to reach a pager while we are dead: `aiops help fallback`.
# heartbeat:
#   url_env: AIOPS_HEARTBEAT_URL

## How long a page waits for company at most; P1, lost money and what has a stable likely cause
## do not wait.
settle_seconds: 30
## What is older than this when we come back from downtime is worked through without paging.
catch_up_seconds: 600

## Who is told of a page that nobody acknowledged so many minutes after it; the first is the
## response target. Where nothing is said it is 5 minutes for a P1 and 15 for a P2, and only that
## nobody acknowledged is told. PagerDuty's own escalation goes on beside it.
# escalation:
#   P1:
#     - {after_minutes: 5, to: [slack]}
#     - {after_minutes: 15, to: [status-page]}
#   P2:
#     - {after_minutes: 15, to: [slack]}

## How many alerts a team gets in a day of its zone; what is no P1 and would be more waits for one
## digest, so many minutes after the first of it. 0: no limit.
# attention: {alerts_per_day: 10, digest_minutes: 60}

## Times of the week in which planned work may show. It is recorded, and told as a ticket at most;
## a P1 and lost money page all the same. Work with a date: `aiops help source maintenance`.
# windows:
#   - name: nightly deploy
#     kind: deploy                # or maintenance
#     matchers: [service=~"checkout|payment-.*", region=EU]
#     start: 22:00
#     end: 23:30
#     weekdays: [mon, tue, wed, thu]
#     zone: Europe/Berlin

## When values become a symptom, what is related, how bad it is, when it is over.
# detect:
#   bar: 5.0
#   persistence_ticks: 2
#   persistence_window: 3
#   gap_ticks: 5
  ## Lower bars (by 0.7) for what matters, higher ones (by 1.5) for what is loud: a metric,
  ## service and metric, or with labels. `aiops judge` does the same for the series an incident
  ## began with.
#   important: ["checkout:*", refund_ratio, "*:error_ratio{*segment=gold*}"]
#   noisy: ["batch-*:queue_depth"]
  ## Fixed limits, whatever is usual.
#   limits: [{metric: queue_depth, service: orders, above: 5000}]
# correlate: {window_seconds: 900, hops: 2, change_max_age_seconds: 86400}
# severity: {p1_money_relative: 0.15, p1_error_ratio: 0.05, p2_burn_rate: 14.4}
# life: {mitigated_after_seconds: 600, watch_seconds: 3600}

## The web page and API. An address others can reach is refused without AIOPS_WEB_TOKEN.
web:
  host: 127.0.0.1
  port: 8080
  ## How people reach it, for the links in messages.
#   base_url: https://aiops.example.com
  ## TLS, where no proxy before it does that: both in PEM, beside this file.
#   certificate: tls/aiops.crt
#   key: tls/aiops.key

## Where a trace can be looked at, for the links of an incident's examples.
# traces:
#   url: https://traces.example.com/trace/{trace_id}

retention:
  history_days: 35
  ## Of case events: `aiops help source case_events`.
#   case_days: 400
"""
