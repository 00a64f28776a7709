return await Dapr.Voice.Relay.RelayApplication.RunAsync(args);
