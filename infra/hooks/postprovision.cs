#:project ../../tools/hooks/Dapr.Voice.Hooks.csproj
// After each 'azd provision': the fleet's keys; once apps run, their readiness and the way in. azd runs this file with 'dotnet run';
// README.md says what it does.
return await Dapr.Voice.Hooks.HookProgram.RunAsync("postprovision");
