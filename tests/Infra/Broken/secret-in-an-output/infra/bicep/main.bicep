param location string = resourceGroup().location


resource account 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: 'stvoice'
}

output place string = location
output key string = account.listKeys().keys[0].value // expect: outputs-should-not-contain-secrets expect: secret-in-plain-sight on main.bicep output key
