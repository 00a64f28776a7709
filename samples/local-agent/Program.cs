using Dapr.Voice.LocalAgent;

LocalAgentHost.Build(args).Run();
