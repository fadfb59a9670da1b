// The ready examples. One object, nothing else: when the schema changes, this is the place.
export const EXAMPLES = {
  list: {
    title: { en: 'List tickets', zh: '工单列表' },
    query: `# The newest tickets. Press Ctrl+Enter to run.
query Tickets($first: Int = 10) {
  tickets(first: $first, sort: { by: CREATED, direction: DESC }) {
    totalCount
    asOf
    nodes {
      id
      number
      title
      status
      priority
      requester { name }
      assignee { name }
      createdAt
    }
  }
}
`,
    variables: { first: 5 },
  },
  open: {
    title: { en: 'Open a ticket', zh: '新建工单' },
    query: `mutation OpenTicket($input: OpenTicketInput!) {
  openTicket(input: $input) {
    ticket { id number title status }
    userErrors { code field message }
  }
}
`,
    variables: {
      input: {
        title: 'The lobby is full',
        description: 'Nobody can join since noon.',
        priority: 'HIGH',
        categoryKey: 'technical',
      },
    },
  },
  watch: {
    title: { en: 'Watch events', zh: '订阅事件' },
    query: `# Runs until you stop it. Open a ticket elsewhere and see it come.
subscription Events {
  events {
    cursor
    type
    summary
    ticket { number title status }
  }
}
`,
    variables: {},
  },
};

// How the sign-in form signs in: the mutation, its variables, and where the token is in its answer.
export const SIGN_IN = {
  query:
    'mutation SignIn($input: SignInInput!) { signIn(input: $input) { accessToken userErrors { message } } }',
  variables: (login, password) => ({ input: { login, password } }),
  token: (data) => data?.signIn?.accessToken,
};
