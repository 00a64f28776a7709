#:project ../../tools/hooks/Dapr.Voice.Hooks.csproj
// Before each 'azd provision': checks what templates can't check, and makes what they can't make. azd runs this file with 'dotnet run';
// README.md says what it does.
return await Dapr.Voice.Hooks.HookProgram.RunAsync("preprovision");
