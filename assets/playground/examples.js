// The ready examples. One object, nothing else: when the schema changes, this is the place.
export const EXAMPLES = {
  list: {
    title: { en: 'List tickets', zh: '工单列表' },
    query: `# The newest tickets. Press Ctrl+Enter to run.
query Tickets($first: Int = 10) {
  tickets(first: $first) {
    id
    title
    status
  }
}
`,
    variables: { first: 5 },
  },
  open: {
    title: { en: 'Open a ticket', zh: '新建工单' },
    query: `mutation OpenTicket($input: OpenTicketInput!) {
  openTicket(input: $input) {
    id
    title
    status
  }
}
`,
    variables: { input: { title: 'The lobby is full', body: 'Nobody can join since noon.' } },
  },
  watch: {
    title: { en: 'Watch events', zh: '订阅事件' },
    query: `# Runs until you stop it. Open a ticket elsewhere and see it come.
subscription Events {
  events {
    seq
    kind
    ticket {
      id
      title
    }
  }
}
`,
    variables: {},
  },
};

// How the sign-in form signs in: the mutation, its variables, and where the token is in its answer.
export const SIGN_IN = {
  query: 'mutation SignIn($input: SignInInput!) { signIn(input: $input) { accessToken } }',
  variables: (email, password) => ({ input: { email, password } }),
  token: (data) => data?.signIn?.accessToken,
};
