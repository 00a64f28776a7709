using Dapr.Voice.DevSidecar;

return await DevSidecarProgram.RunAsync(args, Environment.GetEnvironmentVariable, Console.Out, Console.Error);
